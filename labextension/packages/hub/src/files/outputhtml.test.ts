import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { safeDocument } from "./outputhtml";

// Tests run in labextension/.
const CORPUS = JSON.parse(readFileSync("../tests/browser/payloads.json", "utf8")) as Record<string, string>;
const POLICY = `<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:">`;

/** What a document shows, after its policy. */
function body(html: string): string {
  const made = safeDocument(html);
  expect(made.startsWith(POLICY)).toBe(true);
  return made.slice(POLICY.length);
}

describe("HTML of outputs", () => {
  it.each(Object.entries(CORPUS))("loads and runs nothing: %s", (_, text) => {
    const tags = body(text).match(/<[^>]*>/g) ?? [];
    for (const tag of tags) {
      expect(tag).not.toMatch(/^<\/?(script|style|link|meta|base|iframe|frame|object|embed|svg|math|template|form|video|noscript)\b/i);
      expect(tag).not.toMatch(/\s(on\w+|style|href|srcset|background|action|poster)\s*=/i);
      expect(tag).not.toMatch(/\ssrc\s*=\s*(?!"data:image\/)/i);
    }
  });

  it("keeps tables, and what is said", () => {
    const table = '<table border="1"><tbody><tr><th scope="row" colspan="2">a &lt;b&gt;</th><td>1</td></tr></tbody></table>';
    expect(body(table)).toBe(table);
    expect(body("<article-x><p onclick=x class=y style='color:red'>said</p></article-x>")).toBe("<p>said</p>");
  });

  it("takes style sheets out, also those in the head and in shadow", () => {
    expect(body("<link rel=stylesheet href=//evil.example/x.css><p>a</p><style>@import '//evil.example/x.css'</style>")).toBe("<p>a</p>");
    expect(body("<LINK\nrel=stylesheet href=//evil.example/x.css/><STYLE>@import 'x'</STYLE\n>a < b")).toBe("a &lt; b");
    expect(body("<div><template shadowrootmode=open><link rel=stylesheet href=//evil.example/x.css></template>a</div>")).toBe("<div>a</div>");
    expect(body("<p>a<!-- <link rel=stylesheet href=x> --></p>")).toBe("<p>a</p>");
  });

  it("shows pictures that it holds, and no others", () => {
    expect(body('<img alt="a" src="data:image/png;base64,AA==">')).toBe('<img alt="a" src="data:image/png;base64,AA==">');
    expect(body('<img alt="a" src="http://evil.example/p.png" srcset="x 1x">')).toBe('<img alt="a">');
    expect(body('<img alt="a" src="data:text/html,x">')).toBe('<img alt="a">');
  });

  it("makes drawings pictures", () => {
    const shown = body('<p><svg width="9"><circle r="2"></circle></svg></p>');
    expect(shown).toMatch(/^<p><img alt="" src="data:image\/svg\+xml,[^"<]*"><\/p>$/);
    expect(decodeURIComponent(shown)).toContain("<circle");
  });
});
