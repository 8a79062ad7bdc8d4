/** The page's colours for what is drawn on a canvas, which knows no variables of style sheets. */
import { useEffect, useState, type RefObject } from "react";

export interface Colours {
  readonly text: string;
  readonly quiet: string;
  readonly line: string;
  readonly background: string;
  /** One for each of the things drawn, told apart also by people who see fewer colours. */
  readonly series: readonly string[];
}

const LIGHT = ["#b8460e", "#0969da", "#1a7f37", "#8250df", "#8a5a00", "#0b6e75", "#bf1f70", "#59616d"];
const DARK = ["#ff9d5c", "#79b8ff", "#57c27a", "#d2a8ff", "#e3b341", "#56d4dd", "#ff8ac0", "#a2abb7"];

/** The colours at a place of the page; others once the page turns dark or light. */
export function useColours(place: RefObject<HTMLElement>): Colours | undefined {
  const [colours, setColours] = useState<Colours>();
  useEffect(() => {
    const look = () => place.current && setColours(coloursAt(place.current));
    look();
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", look);
    return () => scheme.removeEventListener("change", look);
  }, [place]);
  return colours;
}

function coloursAt(place: HTMLElement): Colours {
  const probe = place.appendChild(document.createElement("span"));
  const colour = (name: string, otherwise: string) => {
    probe.style.color = `var(${name}, ${otherwise})`;
    return getComputedStyle(probe).color;
  };
  const found = {
    text: colour("--ds-text", "#1d2127"),
    quiet: colour("--ds-quiet", "#59616d"),
    line: colour("--ds-line", "#d9dce1"),
    background: colour("--ds-background", "#ffffff"),
  };
  probe.remove();
  return { ...found, series: isDark(found.background) ? DARK : LIGHT };
}

function isDark(colour: string): boolean {
  const parts = colour.match(/[\d.]+/gu)?.slice(0, 3).map(Number) ?? [255];
  return parts.reduce((sum, part) => sum + part, 0) / parts.length < 128;
}

/** The colour of the thing with this number; after the last one it begins again. */
export function colourOf(colours: Colours, index: number): string {
  return colours.series[index % colours.series.length]!;
}
