/** How many colours there are. */
export const COLOURS = 8;

/** The line of the thing with this number, as charts draw it. */
export function Swatch({ of: index }: { readonly of: number }): JSX.Element {
  return <span className={`ds-swatch ds-swatch-${index % COLOURS}${index >= COLOURS ? " ds-dashed" : ""}`} aria-hidden="true" />;
}
