import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";

const OUTSIDE = /^https?:\/\//i;

// Only addresses of other sites are links, and nothing is loaded from them: a text must not make the page call anybody.
const PARTS: Components = {
  a: ({ href = "", children }) =>
    OUTSIDE.test(href) ? (
      <a href={href} target="_blank" rel="noreferrer noopener nofollow">
        {children}
      </a>
    ) : (
      <span>{children}</span>
    ),
  img: ({ alt }) => <em className="ds-quiet">[{alt || "picture"}]</em>,
  input: ({ checked }) => <span>{checked ? "☑" : "☐"}</span>,
};
const PLUGINS = [remarkGfm];

/** Markdown as React's own elements; HTML in it stays text. */
export function Markdown({ children }: { readonly children: string }): JSX.Element {
  return (
    <div className="prose">
      <ReactMarkdown remarkPlugins={PLUGINS} components={PARTS}>
        {children}
      </ReactMarkdown>
    </div>
  );
}
