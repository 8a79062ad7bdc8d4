import type { ILabShell } from '@jupyterlab/application';
import { ReactWidget } from '@jupyterlab/apputils';

import type { Host } from './host';
import { logo } from './icon';
import { Panel } from './Panel';

/** The panel as a widget of the right-hand side. It is drawn again when another file comes to the front. */
export function makePanel(host: Host, shell: ILabShell): ReactWidget {
  const panel = ReactWidget.create(<Panel host={host} />);
  panel.id = 'dotscience-panel';
  panel.addClass('ds');
  panel.addClass('ds-panel');
  panel.title.icon = logo;
  panel.title.caption = 'Dotscience: versions and runs';
  panel.node.setAttribute('role', 'region');
  panel.node.setAttribute('aria-label', 'Dotscience');
  shell.currentChanged.connect(() => host.moved());
  return panel;
}
