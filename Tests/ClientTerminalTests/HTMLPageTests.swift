// SPDX-License-Identifier: Apache-2.0

import ClientTerminal
import Foundation
import Testing

struct HTMLPageTests {
    private func root(_ html: String) throws -> HTMLElement {
        try #require(HTMLPage(html)?.root)
    }

    @Test func `text, attributes and entities are read as a browser reads them`() throws {
        let root = try root(
            """
            <!DOCTYPE html><meta charset="utf-8"><main data-page=x ID="m" id="n">
            a &amp; b&nbsp;– <b>“c”</b> &copy;<script>no()</script><!-- no --></main>
            """
        )
        let main = try #require(root.first("main"))
        #expect(main["data-page"] == "x")
        #expect(main["id"] == "m")
        #expect(main.text == "a & b – “c” ©")
    }

    @Test func `a broken page is mended`() throws {
        let root = try root("<p>one<p>two<form action=/x method=POST><input name=a value='1'><b>")
        #expect(root.inside.filter { $0.name == "p" }.map(\.text).first == "one")
        #expect(root.first("form")?["action"] == "/x")
    }

    @Test(arguments: ["", " ", "<!-- -->", "\u{0}"])
    func `nothing is no page`(html: String) {
        #expect(HTMLPage(html)?.root?.first("main") == nil)
    }

    @Test func `a page nested without end is refused or cut, and ends`() {
        let deep = String(repeating: "<div>", count: 100_000)
        #expect((HTMLPage(deep)?.root?.inside.count ?? 0) < 100_000)
    }

    @Test func `a form sends what a browser would send`() throws {
        let page = try #require(URL(string: "https://a.example/x/y?z#w"))
        let root = try root(
            """
            <form method="post" action="../go?q=1&amp;r=2">
            <input type="hidden" name="h" value="1 &amp; 2"><input name="t">
            <input type="checkbox" name="c" value="on"><input disabled name="d" value="1">
            <input type="password" name="p"><input type="submit" name="s" value="no">
            <button name="decision" value="pay">Pay</button>
            <button type="button" name="b">x</button></form>
            """
        )
        var form = try #require(root.first("form").flatMap { HTMLForm($0, on: page) })
        form.fill("p", with: SecretText("é+"))
        #expect(form.action.absoluteString == "https://a.example/go?q=1&r=2")
        #expect(form.entries.map(\.name) == ["h", "t", "p"])
        #expect(form.entries.map(\.value) == ["1 & 2", "", "é+"])
        #expect(form.hasButton("decision", "pay"))
        #expect(form.asksForPassword)
    }

    @Test(arguments: [
        "method=get action=/", "method=post action='javascript:x()'", "action=/",
        "method=post action=/ enctype=multipart/form-data",
        "method=post action='mailto:a@b.example'",
    ])
    func `a form that does not post names and values is none`(attributes: String) throws {
        let page = try #require(URL(string: "https://a.example/"))
        let form = try #require(try root("<form \(attributes)><input name=a></form>").first("form"))
        #expect(HTMLForm(form, on: page) == nil)
    }
}
