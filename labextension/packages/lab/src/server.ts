import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

/** What the server extension answered when it would not do what was asked; the message is a sentence for people. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string
  ) {
    super(message);
  }
}

/** Asks the server extension, below `dotscience/`; JupyterLab's settings carry the token and the XSRF header. */
export async function ask<Answer>(
  settings: ServerConnection.ISettings,
  path: string,
  query: Readonly<Record<string, string | number | undefined>> = {},
  init: RequestInit = {}
): Promise<Answer> {
  const given = Object.entries(query).filter((entry): entry is [string, string | number] => entry[1] !== undefined);
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  const url = URLExt.join(settings.baseUrl, 'dotscience', path) + (search && `?${search}`);
  const response = await ServerConnection.makeRequest(url, init, settings);
  const text = await response.text();
  if (!response.ok) {
    throw new Refused(response.status, messageOf(text) ?? response.statusText);
  }
  return (text ? JSON.parse(text) : undefined) as Answer;
}

function messageOf(text: string): string | undefined {
  try {
    const body = JSON.parse(text) as { message?: unknown };
    return typeof body.message === 'string' ? body.message : undefined;
  } catch {
    return undefined;
  }
}
