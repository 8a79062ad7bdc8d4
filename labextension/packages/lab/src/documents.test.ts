import { describe, expect, it } from 'vitest';

import { type OpenDocument, reload, unsaved } from './documents';

interface Fake extends OpenDocument {
  reverted: number;
}

function open(path: string, dirty = false, more: object = {}): Fake {
  const made: Fake = {
    path,
    model: { dirty, ...more },
    reverted: 0,
    revert: () => {
      made.reverted += 1;
      return Promise.resolve();
    }
  };
  return made;
}

describe('open documents', () => {
  it('with changes that nobody has saved are named once, however many tabs show them', () => {
    const typed = open('a.ipynb', true);
    expect(unsaved([typed, typed, open('b.txt')])).toEqual(['a.ipynb']);
  });

  it('on another drive go by their path there', () => {
    expect(unsaved([{ ...open('RTC:a.ipynb', true), localPath: 'a.ipynb' }])).toEqual(['a.ipynb']);
  });

  it('show what was written to their files, once, and nothing else is read again', async () => {
    const [written, other] = [open('a.txt'), open('b.txt')];
    await reload([written, written, other], [{ path: 'a.txt', kind: 'changed' }]);
    expect([written.reverted, other.reverted]).toEqual([1, 0]);
  });

  it('keep what was typed while the files came, what others edit with, and what was deleted', async () => {
    const [typed, shared, gone] = [open('a', true), open('b', false, { collaborative: true }), open('c')];
    await reload([typed, shared, gone], [
      { path: 'a', kind: 'changed' },
      { path: 'b', kind: 'changed' },
      { path: 'c', kind: 'deleted' }
    ]);
    expect([typed.reverted, shared.reverted, gone.reverted]).toEqual([0, 0, 0]);
  });
});
