/** Help with typing a filter of runs: what can come next. The hub alone judges whether a filter is right. */
import { quoted } from "./columns";

const OPERATORS = ["=", "!=", "<", "<=", ">", ">=", "~"] as const;
const TOKEN = /\s*(?:<=|>=|!=|=|<|>|~|[\w.\-+/:@%]*\.(?:"[^"]*"?|'[^']*'?)|"[^"]*"?|'[^']*'?|[\w.\-+/:@%]+)/uy;

/** What is being typed at a place of a filter. */
export interface Place {
  readonly expects: "column" | "operator" | "value" | "and";
  /** What is there of it. */
  readonly typed: string;
  /** Where that begins. */
  readonly start: number;
  /** The column that the condition is about. */
  readonly column: string | undefined;
}

/** What one types at the end of `text`. */
export function placeIn(text: string): Place {
  const tokens = tokensOf(text);
  const last = tokens.at(-1);
  const typing = last !== undefined && last.start + last.text.length === text.length && !/\s$/u.test(text);
  // An operator is complete as soon as it stands there: a value can follow without a space.
  const open = typing && !isOperator(last.text) ? last : undefined;
  const before = open ? tokens.slice(0, -1) : tokens;
  const turn = before.length % 4;
  return {
    expects: (["column", "operator", "value", "and"] as const)[turn]!,
    typed: open?.text ?? "",
    start: open?.start ?? text.length,
    column: turn === 0 ? undefined : before[before.length - turn]?.text,
  };
}

function isOperator(text: string): boolean {
  return (OPERATORS as readonly string[]).includes(text);
}

function tokensOf(text: string): { text: string; start: number }[] {
  const found: { text: string; start: number }[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    const trimmed = match[0].trimStart();
    found.push({ text: trimmed, start: match.index + match[0].length - trimmed.length });
  }
  return found;
}

/** What can be chosen for the end of a filter. */
export interface Completion {
  /** What is shown. */
  readonly label: string;
  /** The whole filter, once it is chosen. */
  readonly text: string;
}

/** Completions for the end of `text`.
 *
 * @param columns names of columns as filters write them, the most used first
 * @param valuesOf values that a column is known to have
 */
export function completions(text: string, columns: readonly string[], valuesOf: (column: string) => readonly string[]): Completion[] {
  const { expects, typed, start, column } = placeIn(text);
  const before = text.slice(0, start);
  const space = before === "" || /\s$/u.test(before) ? "" : " ";
  const offered = (): readonly string[] => {
    if (expects === "column") return columns;
    if (expects === "operator") return OPERATORS;
    if (expects === "and") return ["and"];
    return valuesOf(column ?? "").map(quoted);
  };
  const wanted = typed.toLowerCase();
  const fits = (choice: string) => choice.toLowerCase().includes(wanted) && choice !== typed;
  const first = (choice: string) => (choice.toLowerCase().startsWith(wanted) ? 0 : 1);
  return offered()
    .filter(fits)
    .sort((a, b) => first(a) - first(b))
    .slice(0, 12)
    .map((label) => ({ label, text: `${before}${space}${label} ` }));
}
