import type { ILabShell, JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, Notification, ReactWidget, showDialog, showErrorMessage } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';

import { DiffView } from './DiffView';
import { type OpenDocument, reload, unsaved } from './documents';
import { diff, type NotebookChange, restore } from './history';
import type { Host } from './host';
import { hubAddress } from './hub';
import type { Model } from './model';

/** What the panel can do in this JupyterLab. Failures are shown, never thrown. */
export function makeHost(app: JupyterFrontEnd, shell: ILabShell, model: Model): Host {
  const open = (path: string) => void app.commands.execute('docmanager:open', { path });
  return {
    model,
    hub: () =>
      hubAddress(model.status?.hub_url ?? '', PageConfig.getOption('hubHost'), PageConfig.getOption('hubPrefix')),
    open,
    save: message =>
      shown('The version could not be made', async () => {
        if (!(await model.save(message))) {
          Notification.info('Nothing has changed since the last version.', { autoClose: 3000 });
        }
      }),
    resolve: keep => shown('The conflict could not be ended', () => model.resolve(keep)),
    takeIn: () =>
      shown('The changes could not be taken in', async () => {
        const { files, total } = await model.takeIn(unsaved(documents(shell)));
        await reload(documents(shell), files);
        Notification.info(`${total === 1 ? '1 file' : `${total} files`} of others brought here.`, { autoClose: 5000 });
      }),
    compare: (path, base, to) =>
      shown('The versions cannot be compared', async () => showDiff(await diff(model.settings, path, base, to), base, to)),
    restore: (path, at) =>
      shown('The old version could not be opened', async () => open(await restore(model.settings, path, at))),
    currentPath: () => pathOf(shell),
    moved: () => model.touch()
  };
}

async function shown(title: string, action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    await showErrorMessage(title, error instanceof Error ? error.message : String(error));
  }
}

async function showDiff(found: NotebookChange, base: string, to?: string): Promise<void> {
  const body = ReactWidget.create(<DiffView change={found} />);
  body.addClass('ds');
  body.addClass('ds-dialog');
  const title = `${found.path}: ${base.slice(0, 7)} → ${to?.slice(0, 7) ?? 'now'}`;
  await showDialog({ title, body, buttons: [Dialog.okButton({ label: 'Close' })] });
}

/** What is open in the main area. */
function documents(shell: ILabShell): OpenDocument[] {
  const contexts = [...shell.widgets('main')].map(widget => (widget as { context?: OpenDocument }).context);
  return contexts.filter(context => context !== undefined && typeof context.revert === 'function') as OpenDocument[];
}

/** The path of the document in front, without a drive's name; nothing for other widgets. */
function pathOf(shell: ILabShell): string | undefined {
  const context = (shell.currentWidget as { context?: { localPath?: string; path?: string } } | null)?.context;
  return context?.localPath ?? context?.path;
}
