/** Dotscience in JupyterLab: a panel with versions and runs, an item in the status bar, and commands. */
import { ILabShell, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';

import { addCommands } from './commands';
import { makeHost } from './labhost';
import { Model } from './model';
import { makePanel } from './panelwidget';
import { addStatusItem } from './statusitem';

const ID = '@dotscience/lab:plugin';

const plugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Versions and runs beside the notebook.',
  autoStart: true,
  requires: [ILabShell],
  optional: [ICommandPalette, ISettingRegistry, IStatusBar],
  activate: (
    app: JupyterFrontEnd,
    shell: ILabShell,
    palette: ICommandPalette | null,
    registry: ISettingRegistry | null,
    statusBar: IStatusBar | null
  ) => {
    const model = new Model(app.serviceManager.serverSettings);
    const host = makeHost(app, shell, model);
    const panel = makePanel(host, shell);
    shell.add(panel, 'right', { rank: 700, type: 'Dotscience' });
    addCommands(app, palette, host, () => shell.activateById(panel.id));
    const item = statusBar && addStatusItem(statusBar, host, () => shell.activateById(panel.id));
    void registry?.load(ID).then(settings => {
      const apply = () => item?.setHidden(settings.composite['showStatusItem'] === false);
      apply();
      settings.changed.connect(apply);
      if (settings.composite['openAtStart'] === true) {
        void app.restored.then(() => shell.activateById(panel.id));
      }
    });
    void app.started.then(() => model.follow());
    // A server without the extension has no such routes; nothing is said of it until somebody opens the panel.
  }
};

export default plugin;
