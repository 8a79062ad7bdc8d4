import type { JupyterFrontEnd } from '@jupyterlab/application';
import { type ICommandPalette, InputDialog } from '@jupyterlab/apputils';

import type { Host } from './host';
import { logo } from './icon';

const CATEGORY = 'Dotscience';

/** Commands of the palette; each can be given a key in JupyterLab's settings. */
export function addCommands(app: JupyterFrontEnd, palette: ICommandPalette | null, host: Host, showPanel: () => void): void {
  const bound = () => host.model.isBound;
  const onNotebook = () => bound() && (host.currentPath() ?? '').endsWith('.ipynb');
  const commands = {
    'dotscience:show-panel': { label: 'Show Versions and Runs', icon: logo, execute: showPanel },
    'dotscience:save-version': { label: 'Save a Version…', isEnabled: bound, execute: () => saveVersion(host) },
    'dotscience:take-in': {
      label: 'Take In Changes of Others',
      isEnabled: () => (host.model.status?.incoming_files.length ?? 0) > 0,
      execute: () => host.takeIn()
    },
    'dotscience:compare': { label: 'Compare Notebook With the Last Version', isEnabled: onNotebook, execute: () => compare(host) }
  };
  for (const [id, options] of Object.entries(commands)) {
    app.commands.addCommand(id, { caption: options.label, describedBy: { args: {} }, ...options });
    palette?.addItem({ command: id, category: CATEGORY });
  }
  host.model.changed.connect(() => app.commands.notifyCommandChanged());
}

async function saveVersion(host: Host): Promise<void> {
  const asked = await InputDialog.getText({ title: 'Save a version', label: 'What it is about', okLabel: 'Save' });
  if (asked.button.accept) {
    await host.save((asked.value ?? '').trim());
  }
}

async function compare(host: Host): Promise<void> {
  const path = host.currentPath();
  const head = host.model.status?.commit;
  if (path !== undefined && head) {
    await host.compare(path, head);
  }
}
