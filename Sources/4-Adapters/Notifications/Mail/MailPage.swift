// SPDX-License-Identifier: Apache-2.0

/// A notice as the HTML of a mail: tables and inline styles, since mail readers take little else.
enum MailPage {
    static func html(_ text: NoticeText, language: NoticeLanguage) -> String {
        var page = "<!doctype html>\n<html lang=\"\(language.rawValue)\"><head><meta charset=\"utf-8\">"
        page += "<title>\(escaped(text.title))</title></head>\n"
        page += "<body style=\"margin:0;padding:16px;font-family:sans-serif;font-size:15px;line-height:1.5\">\n"
        page += "<h1 style=\"font-size:18px;margin:0 0 12px\">\(escaped(text.title))</h1>\n"
        page += "<p style=\"margin:0 0 12px\">\(escaped(text.lead))</p>\n"
        if let detail = text.detail {
            page += "<pre style=\"margin:0 0 12px;padding:8px 12px;border-left:4px solid #b42318;"
            page += "white-space:pre-wrap;font-size:14px\">\(escaped(detail))</pre>\n"
        }
        if !text.facts.isEmpty { page += facts(text.facts) }
        if !text.items.isEmpty { page += items(text.items) }
        if let omitted = text.omitted { page += "<p style=\"margin:0 0 12px\">\(escaped(omitted))</p>\n" }
        if let link = text.link {
            page += "<p style=\"margin:0 0 12px\">\(anchor(link.url, link.label))</p>\n"
        }
        page += "<p style=\"margin:16px 0 0;color:#667085;font-size:13px\">\(escaped(text.footer))</p>\n"
        return page + "</body></html>\n"
    }

    private static func facts(_ facts: [NoticeText.Fact]) -> String {
        var table = "<table role=\"presentation\" style=\"border-collapse:collapse;margin:0 0 12px\">\n"
        for fact in facts {
            table += "<tr><td style=\"padding:2px 16px 2px 0;color:#667085\">\(escaped(fact.label))</td>"
            table += "<td style=\"padding:2px 0\">\(escaped(fact.value))</td></tr>\n"
        }
        return table + "</table>\n"
    }

    private static func items(_ items: [NoticeText.Item]) -> String {
        var list = "<ul style=\"margin:0 0 12px;padding-left:20px\">\n"
        for item in items {
            let title = item.url.map { anchor($0, item.title) } ?? escaped(item.title)
            list += "<li style=\"margin:0 0 8px\">\(title)"
            if let detail = item.detail { list += "<br>\(escaped(detail))" }
            list += "</li>\n"
        }
        return list + "</ul>\n"
    }

    /// A link where the address is one of the web; else its label alone.
    private static func anchor(_ url: String, _ label: String) -> String {
        guard url.hasPrefix("https://") || url.hasPrefix("http://") else { return escaped(label) }
        return "<a href=\"\(escaped(url))\">\(escaped(label))</a>"
    }

    static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
