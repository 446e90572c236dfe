// SPDX-License-Identifier: Apache-2.0

/// What stands around every room: the document's head, the bar with the rooms, the foot.
struct PageShell {
    /// For the tab: what is specific first.
    var title: String
    /// `nil` for a page that belongs to no room.
    var room: Room?
    /// Shown by the tab's picture.
    var state: RunState?
    /// Where the page hears of news.
    var events: PageAddress?
    var mainClass: String?
    /// Whether the page can be read by anybody: no rooms then.
    var isPublic = false
    /// Beside `app.js`, which every page loads.
    var modules: [String] = []

    /// The whole document, or `main` alone for a fragment.
    func render(_ context: PageContext, _ content: (inout Markup) -> Void) -> [UInt8] {
        var html = Markup(context)
        if context.isFragment {
            main(&html, content)
            return html.bytes
        }
        html.literal("<!doctype html>\n")
        let theme: Attribute? = context.theme == .system ? nil : .text(.dataTheme, context.theme.rawValue)
        html.tag(.html, .text(.lang, context.language.rawValue), theme) { html in
            html.tag(.head) { head(&$0) }
            html.tag(.body) { html in
                html.tag(.a, .class("skip"), .href(.place("main")), words: .skipToContent)
                html.asset(WebAssets.glyphs)
                html.tag(.header, .class("head")) { bar(&$0) }
                main(&html, content)
                html.tag(.footer, .class("foot")) { foot(&$0) }
            }
        }
        return html.bytes
    }

    private func main(_ html: inout Markup, _ content: (inout Markup) -> Void) {
        html.tag(
            .main, .id("main"), .text(.tabindex, "-1"), mainClass.map { .class($0) },
            .text(.dataTitle, fullTitle), .address(.dataIcon, icon), events.map { .address(.dataEvents, $0) },
            content: content)
    }

    private var fullTitle: String { title.isEmpty ? "Martlet" : "\(title) · Martlet" }

    private var icon: PageAddress {
        WebAssets.address(state.map { "favicon-\($0.rawValue).svg" } ?? "favicon.svg")
    }

    private func head(_ html: inout Markup) {
        html.tag(.meta, .text(.charset, "utf-8"))
        html.tag(.meta, .text(.name, "viewport"), .text(.content, "width=device-width, initial-scale=1"))
        html.tag(.meta, .text(.name, "color-scheme"), .text(.content, "light dark"))
        html.tag(.title, text: fullTitle)
        html.tag(.link, .text(.rel, "icon"), .text(.type, "image/svg+xml"), .href(icon))
        html.tag(.link, .text(.rel, "stylesheet"), .href(WebAssets.address("app.css")))
        for module in ["app.js"] + modules {
            html.tag(.script, .text(.type, "module"), .address(.src, WebAssets.address(module)))
        }
    }

    private func bar(_ html: inout Markup) {
        html.tag(.div) { html in
            html.tag(.a, .class("brand"), .href(.overview)) { html in
                html.icon("i-martlet")
                html.tag(.span, text: "Martlet")
            }
            if isPublic || html.context.person == nil {
                html.tag(.div, .class("rooms"))
            } else {
                html.tag(.nav, .class("rooms"), .label(html.phrase(.rooms))) { rooms(&$0) }
                html.tag(
                    .button, .class("icon-button find"), .text(.type, "button"), .flag(.hidden),
                    .address(.dataPalette, .palette), .text(.ariaKeyshortcuts, "/ Control+K"),
                    .label(html.phrase(.goTo)), .text(.dataWords, html.phrase(.paletteWords))
                ) { html in
                    html.icon("i-find")
                    html.tag(.span, words: .goTo)
                    html.tag(.kbd, text: "/")
                }
            }
            PreferenceMenu().write(&html)
        }
    }

    private func rooms(_ html: inout Markup) {
        for room in Room.allCases {
            let current: Attribute? = room == self.room ? .text(.ariaCurrent, "page") : nil
            html.tag(.a, .href(room.address), current) { html in
                html.words(room.words)
                if room == .approvals, html.context.waitingCount > 0 {
                    html.tag(.span, .class("count"), text: NumberText.grouped(html.context.waitingCount))
                }
            }
        }
    }

    private func foot(_ html: inout Markup) {
        html.tag(.div) { html in
            html.tag(.span, text: "Martlet \(html.context.version)")
            html.tag(.span) { html in
                html.words(.timesAre)
                html.text(" ")
                html.time(html.context.now, as: .exact)
            }
        }
    }
}
