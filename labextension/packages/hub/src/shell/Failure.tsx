import type { ErrorComponentProps } from "@tanstack/react-router";

import { Problem } from "../data/api";

/** What went wrong on a page, in one sentence, and what to do. */
export function Failure({ error, reset }: ErrorComponentProps): JSX.Element {
  const expected = error instanceof Problem;
  const message = error instanceof Error ? error.message : String(error);
  return (
    <section role="alert">
      <h1>{expected ? "This did not work" : "This page has a defect"}</h1>
      <p>{message}</p>
      <button type="button" onClick={reset}>
        Try again
      </button>
    </section>
  );
}

/** The same for a part of a page. */
export function Problems({ of: error }: { readonly of: Error | null }): JSX.Element | null {
  return error === null ? null : (
    <p role="alert" className="ds-error">
      {error.message}
    </p>
  );
}

/** In the place of a page whose subject is not there yet, or will not be: what it is, and why not. */
export function Awaited({ noun, error }: { readonly noun: string; readonly error: Error | null }): JSX.Element {
  return (
    <>
      <h1>{noun}</h1>
      <Problems of={error} />
    </>
  );
}
