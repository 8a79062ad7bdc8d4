import { Link } from "@tanstack/react-router";

interface TabsProps {
  readonly label: string;
  /** The address that the pages are below. */
  readonly base: string;
  /** What each page is called, by its address below. */
  readonly pages: Readonly<Record<string, string>>;
}

/** Links to the pages of one thing. */
export function Tabs({ label, base, pages }: TabsProps): JSX.Element {
  return (
    <nav aria-label={label} className="tabs">
      {Object.entries(pages).map(([path, word]) => (
        <Link key={path} to={path ? `${base}/${path}` : base} activeOptions={{ exact: path === "" }}>
          {word}
        </Link>
      ))}
    </nav>
  );
}
