import { StandingView } from '@dotscience/ui';

import type { Host } from './host';
import type { Status } from './model';

/** How the workspace stands. */
export function StatusPage({ host }: { readonly host: Host }): JSX.Element | null {
  const { status } = host.model;
  if (status === null) {
    return null;
  }
  return (
    <>
      <StandingView
        standing={status}
        changed={status.changed_files}
        moreChanged={status.more_changed_files}
        unclaimed={status.unclaimed_files}
        moreUnclaimed={status.more_unclaimed_files}
        incoming={status.incoming_files}
        moreIncoming={status.more_incoming_files}
        onOpenFile={path => host.open(path)}
        onResolve={keep => void host.resolve(keep)}
        onTakeIn={() => void host.takeIn()}
      />
      <Environment environment={status.environment} />
    </>
  );
}

const ENVIRONMENT = {
  none: '',
  installing: 'Installing the packages of requirements.txt…',
  ready: 'The kernel has the packages of requirements.txt.',
  failed: 'The packages of requirements.txt could not be installed.'
} as const;

function Environment({ environment }: { readonly environment: Status['environment'] }): JSX.Element | null {
  const words = ENVIRONMENT[environment.state];
  if (!words) {
    return null;
  }
  return (
    <section>
      <h4>Packages</h4>
      <p>{words}</p>
      {environment.message && <pre className="ds-lines ds-error">{environment.message}</pre>}
    </section>
  );
}
