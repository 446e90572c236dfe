// SPDX-License-Identifier: Apache-2.0

/// The elements that pages are made of. Elements that run or fetch something (`iframe`, `object`, `style`) are not among
/// them; `script` is written by the shell alone.
package enum Tag: String {
    case a, aside, article, body, br, button, caption, code, dd, del, details, div, dl, dt, em, fieldset, footer, form
    case h1, h2, h3, h4, h5, h6, head, header, hr, html, input, kbd, label, legend, li, link, main, meta, nav, ol
    case option, output, p, pre, progress, script, search, section, select, small, span, strong, summary, table, tbody,
        td
    case textarea, th, thead, time, title, tr, ul
    // SVG.
    case circle, desc, g, line, path, rect, svg, use
    case svgText = "text"

    /// SVG's elements that close themselves where nothing stands in them.
    var isShape: Bool {
        switch self {
        case .circle, .line, .path, .rect, .use: true
        default: false
        }
    }

    /// HTML's elements that have no end.
    var isVoid: Bool {
        switch self {
        case .br, .hr, .input, .link, .meta: true
        default: false
        }
    }
}
