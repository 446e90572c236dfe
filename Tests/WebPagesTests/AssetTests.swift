// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPMessages
import StructuredData
import Testing
import Timekeeping

@testable import WebPages

@Suite("Assets, badges, feeds")
struct AssetTests {
    private var web: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
            .appendingPathComponent("web")
    }

    @Test("Every authored file is served, and none is served that nobody wrote")
    func complete() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: web.path)
        let sheets = ["tokens.css", "page.css", "rooms.css", "log.css"]
        let expected = Set(names.filter { !sheets.contains($0) } + ["app.css"])
        let served = Set(WebAssets.all.map(\.name).filter { !$0.hasPrefix("favicon") })
        #expect(served == expected)
        for sheet in sheets { #expect(names.contains(sheet)) }
    }

    @Test("An address holds a digest of the bytes, and leads to them")
    func addresses() {
        for asset in WebAssets.all {
            #expect(WebAssets.find(path: asset.path)?.bytes == asset.bytes)
            #expect(asset.path.hasPrefix("/assets/") && asset.path.split(separator: ".").count == 3)
            #expect(!asset.bytes.isEmpty)
        }
        #expect(WebAssets.find(path: "/assets/app.000000000000.css") == nil)
        #expect(WebAssets.find(path: "/assets/../app.css") == nil)
    }

    @Test("Modules import each other by address, nothing from elsewhere, and weigh less than 40 kB")
    func modules() {
        var sizeBytes = 0
        for asset in WebAssets.all where asset.name.hasSuffix(".js") {
            let text = String(decoding: asset.bytes, as: UTF8.self)
            sizeBytes += asset.bytes.count
            #expect(!text.contains("\"./"), "\(asset.name) imports a module that stands after it in assets.c")
            #expect(!text.contains("http://") && !text.contains("https://"), "\(asset.name)")
            for forbidden in ["eval(", "innerHTML = ", "document.write", "setAttribute(\"style\""] {
                #expect(!text.contains(forbidden), "\(asset.name): \(forbidden)")
            }
        }
        #expect(sizeBytes < 40_000, "\(sizeBytes)")
    }

    @Test("The style sheet asks for nothing")
    func styleSheet() {
        let text = String(decoding: WebAssets.named("app.css")?.bytes ?? [], as: UTF8.self)
        #expect(!text.contains("url(") && !text.contains("@import") && !text.contains("!important; animation"))
        for state in RunState.allCases { #expect(text.contains("--\(state.rawValue):"), "\(state)") }
    }

    @Test("The eight glyphs are drawn once and are everywhere")
    func glyphs() {
        for state in RunState.allCases {
            #expect(GlyphDrawing.symbol(state.glyph) != nil, "\(state)")
            #expect(WebAssets.named("favicon-\(state.rawValue).svg") != nil, "\(state)")
        }
    }

    @Test("The policy allows nothing inline and nothing from elsewhere")
    func policy() {
        let policy = PageHeaders.contentSecurityPolicy
        #expect(policy.hasPrefix("default-src 'none'; script-src 'self'; style-src 'self'"))
        #expect(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"))
        #expect(PageHeaders.page["content-security-policy"] == policy)
        #expect(PageHeaders.page["X-Content-Type-Options"] == "nosniff")
    }

    @Test("A badge says its words and is as wide as they are")
    func badges() {
        let text = String(decoding: Badge(label: "build", state: .failed).svg(), as: UTF8.self)
        #expect(text.contains("aria-label=\"build: failing\"") && text.contains("<title>build: failing</title>"))
        #expect(text.contains(">failing</text>") && text.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
        let wide = String(
            decoding: Badge(label: "수집 파이프라인", message: "4m 12s", state: .passed).svg(.flatSquare), as: UTF8.self)
        #expect(!wide.contains("rx=\"3\"") && wide.contains("textLength=\"81\""))
        let hostile = String(decoding: Badge(label: "<script>", message: "\"&", state: .passed).svg(), as: UTF8.self)
        #expect(!hostile.contains("<script>") && hostile.contains("&lt;script&gt;"))
        let long = Badge(label: String(repeating: "w", count: 500), message: "x", state: .passed).svg()
        #expect(String(decoding: long, as: UTF8.self).contains("…"))
    }

    @Test("Shields' form of a badge")
    func shields() {
        let data = Badge(label: "build", state: .failed).shieldsJSON
        #expect(
            data["schemaVersion"]?.int == 1 && data["message"]?.string == "failing" && data["isError"]?.bool == true)
        #expect(data["color"]?.string?.count == 6)
    }

    @Test("Tray programs are told activity and last outcome")
    func tray() {
        let feed = CCTray(projects: [
            .init(
                name: "widget \"CI\" <main>", state: .running, lastState: .failed, lastRun: 8412,
                lastFinishedAt: Timestamp(milliseconds: 1_795_722_655_000),
                address: "https://ci.example/projects/widget"),
            .init(
                name: "new", state: .waiting, lastState: nil, lastRun: nil, lastFinishedAt: nil, address: "https://x"),
        ])
        let text = String(decoding: feed.xml(), as: UTF8.self)
        #expect(
            text.contains(
                "name=\"widget &quot;CI&quot; &lt;main&gt;\" activity=\"Building\" lastBuildStatus=\"Failure\""))
        #expect(text.contains("lastBuildLabel=\"8412\" lastBuildTime=\"2026-11-26T19:50:55Z\""))
        #expect(text.contains("lastBuildStatus=\"Unknown\" lastBuildLabel=\"\""))
    }
}
