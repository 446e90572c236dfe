// SPDX-License-Identifier: Apache-2.0
// The files of /web, embedded by the compiler. The style sheet is one file for browsers and several for people.
#include "CWebAssets.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char app_css[] = {
#embed "../../../web/tokens.css" suffix(, )
#embed "../../../web/page.css" suffix(, )
#embed "../../../web/rooms.css" suffix(, )
#embed "../../../web/log.css"
};
static const unsigned char glyphs_svg[] = {
#embed "../../../web/glyphs.svg"
};
static const unsigned char dom_js[] = {
#embed "../../../web/dom.js"
};
static const unsigned char ansi_js[] = {
#embed "../../../web/ansi.js"
};
static const unsigned char palette_js[] = {
#embed "../../../web/palette.js"
};
static const unsigned char viewer_js[] = {
#embed "../../../web/viewer.js"
};
static const unsigned char find_js[] = {
#embed "../../../web/find.js"
};
static const unsigned char live_js[] = {
#embed "../../../web/live.js"
};
static const unsigned char log_js[] = {
#embed "../../../web/log.js"
};
static const unsigned char app_js[] = {
#embed "../../../web/app.js"
};

#define ASSET(name, bytes) {name, bytes, sizeof bytes}

// A module stands after those that it imports: its own address depends on theirs.
static const struct martlet_web_asset assets[] = {
    ASSET("app.css", app_css),
    ASSET("glyphs.svg", glyphs_svg),
    ASSET("dom.js", dom_js),
    ASSET("ansi.js", ansi_js),
    ASSET("palette.js", palette_js),
    ASSET("viewer.js", viewer_js),
    ASSET("find.js", find_js),
    ASSET("live.js", live_js),
    ASSET("log.js", log_js),
    ASSET("app.js", app_js),
};

const struct martlet_web_asset *martlet_web_assets(size_t *count) {
    *count = sizeof assets / sizeof *assets;
    return assets;
}
