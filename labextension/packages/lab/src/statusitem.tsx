import { STATES } from '@dotscience/ui';
import { ReactWidget } from '@jupyterlab/apputils';
import type { IStatusBar } from '@jupyterlab/statusbar';

import type { Host } from './host';
import { useChanges } from './Panel';

/** One word about the workspace in the status bar; a click opens the panel. Nothing where no versions are kept. */
export function addStatusItem(statusBar: IStatusBar, host: Host, onOpen: () => void): ReactWidget {
  const item = ReactWidget.create(<StatusItem host={host} onOpen={onOpen} />);
  item.addClass('ds-status-item');
  statusBar.registerStatusItem('dotscience:state', { item, align: 'right', rank: 900 });
  return item;
}

function StatusItem({ host, onOpen }: { readonly host: Host; readonly onOpen: () => void }): JSX.Element | null {
  useChanges(host);
  const { model } = host;
  if (!model.isBound || model.status === null) {
    return null;
  }
  const { word, meaning } = STATES[model.status.state];
  const { message, queued } = model.status;
  return (
    <button type="button" className="ds-status-button" title={message || meaning} onClick={onOpen}>
      Dotscience: {word}
      {queued > 0 && ` (${queued} waiting)`}
    </button>
  );
}
