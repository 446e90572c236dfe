// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stddef.h>

/// A file of /web as it was when this was compiled.
struct martlet_web_asset {
    const char *_Nonnull name;
    const unsigned char *_Nonnull bytes;
    size_t length;
};

/// All of them; `count` is set to how many.
const struct martlet_web_asset *_Nonnull martlet_web_assets(size_t *_Nonnull count);
