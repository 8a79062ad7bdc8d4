import { expect, it } from 'vitest';

import { hubAddress } from './hub';

it.each([
  ['https://hub.example.org', '', '', 'https://hub.example.org'],
  ['https://hub.example.org', '', '/hub/', 'https://hub.example.org'],
  ['', '', '/hub/', ''],
  ['', 'https://hub.example.org', '/base/hub/', 'https://hub.example.org/base'],
  ['', '', '', undefined]
])('finds the hub: said %j, host %j, prefix %j', (said, host, prefix, found) =>
  expect(hubAddress(said, host, prefix)).toBe(found)
);
