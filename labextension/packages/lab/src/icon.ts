import { LabIcon } from '@jupyterlab/ui-components';

// Three points joined to one: versions that come together in a run.
const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">
  <g class="jp-icon3" fill="#616161">
    <circle cx="3" cy="3" r="2"/><circle cx="3" cy="13" r="2"/><circle cx="12.5" cy="8" r="2.5"/>
    <path d="M3 2.2h1.5c3 0 3.5 2.3 4.4 3.7.5.8 1 1.3 2.1 1.3v1.6c-1.100 0-1.600.5-2.100 1.300-.900 1.400-1.400 3.700-4.400 3.700H3v-1.600h1.500c2 0 2.300-1.500 3-3 .3-.5.5-.9.9-1.200-.4-.3-.6-.7-.9-1.200-.7-1.500-1-3-3-3H3z"/>
  </g>
</svg>`;

export const logo = new LabIcon({ name: 'dotscience:logo', svgstr: LOGO });
