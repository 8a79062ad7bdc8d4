/**
 * HTML of others, made anew of nothing but what can be shown: no element that runs, styles, nests or leads elsewhere.
 *
 * The frame's sandbox and the policy it inherits refuse those anyway; what is not in the document needs no refusing.
 */

const POLICY = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:">`;
/** Elements that hold elements and text. None is read as raw text, so writing and reading them again changes nothing. */
const ELEMENTS = new Set(
  (
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn div " +
    "dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd label li main mark meter nav ol p " +
    "pre progress q rp rt ruby s samp section small span strike strong sub summary sup table tbody td tfoot th thead time " +
    "tr tt u ul var wbr"
  ).split(" "),
);
/** Elements of which not even the text is meant to be seen. */
const WITHOUT_TEXT = new Set("applet frameset iframe math noembed noframes noscript object script style template title".split(" "));
const ATTRIBUTES = new Set(
  "align alt border colspan datetime dir headers height lang max min open reversed rowspan scope span start title valign value width".split(" "),
);
const PICTURE = /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*$/;
/** A comment or declaration, a tag, or text. What begins like a tag and does not end is text. */
const TOKEN = /<!--[^]*?(?:-->|$)|<[!?][^>]*>?|<(\/?)([A-Za-z][^\s/>]*)((?:"[^"]*"|'[^']*'|[^'"<>])*)>|[^<]+|</g;
const ATTRIBUTE = /([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+)))?/g;

/**
 * A document to put into a frame, with what others' HTML shows.
 *
 * It is read here and by no document of the browser: even one without a window would report each handler and style to
 * the page's policy. Whether this reads tags as browsers do makes no difference to what can come out: known tags, known
 * attributes in quotes, and text without a "<".
 */
export function safeDocument(html: string): string {
  let made = "";
  let at = 0;
  for (TOKEN.lastIndex = 0; at < html.length; ) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(html);
    if (!found) break;
    at = TOKEN.lastIndex;
    const [token, slash, given, attributes = ""] = found;
    if (given === undefined) {
      if (!/^<[!?]/.test(token)) made += plain(token);
      continue;
    }
    const name = given.toLowerCase();
    if (slash === "" && name === "svg") {
      const end = endOf(html, "svg", at);
      made += drawing(attributes, html.slice(at, end.from));
      at = end.to;
    } else if (slash === "" && WITHOUT_TEXT.has(name)) {
      at = endOf(html, name, at).to;
    } else if (ELEMENTS.has(name)) {
      made += slash === "" ? `<${name}${kept(name, attributes)}>` : `</${name}>`;
    }
  }
  return `<!doctype html>${POLICY}${made}`;
}

const plain = (text: string): string => text.replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");

/** Where an element's end begins and ends. */
function endOf(html: string, name: string, at: number): { readonly from: number; readonly to: number } {
  const end = new RegExp(`</${name}\\b[^>]*>`, "gi");
  end.lastIndex = at;
  const found = end.exec(html);
  return found ? { from: found.index, to: end.lastIndex } : { from: html.length, to: html.length };
}

function kept(element: string, attributes: string): string {
  let made = "";
  for (const [, given = "", double, single, bare] of attributes.matchAll(ATTRIBUTE)) {
    const name = given.toLowerCase();
    const value = double ?? single ?? bare ?? "";
    if (ATTRIBUTES.has(name) || (element === "img" && name === "src" && PICTURE.test(value))) made += ` ${name}="${plain(value)}"`;
  }
  return made;
}

/** A drawing as a picture: browsers load nothing for a picture, and run nothing of it. */
function drawing(attributes: string, inner: string): string {
  const missing = ["", ":xlink"].filter((each) => !attributes.includes(`xmlns${each}=`));
  const spaces = missing.map((each) => ` xmlns${each}="http://www.w3.org/${each ? "1999/xlink" : "2000/svg"}"`).join("");
  return `<img alt="" src="data:image/svg+xml,${encoded(`<svg${spaces}${attributes.replace(/\/$/, "")}>${inner}</svg>`)}">`;
}

const encoded = (text: string): string => encodeURIComponent(text.replace(/[\ud800-\udfff]/gu, "\ufffd"));
