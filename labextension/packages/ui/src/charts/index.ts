/** Charts of runs. They bring ECharts with them: import this where one is shown, not before. */
export { asFilter, axisOf, placeOn, within, type Axis, type Spans } from "./brush";
export { CurveChart, type CurveChoices, type NamedCurve } from "./CurveChart";
export { clock, LevelChart, type Levels } from "./LevelChart";
export { ParallelChart, type Brushed, type ParallelColumn } from "./ParallelChart";
export { ScatterChart, type Dot } from "./ScatterChart";
export { Swatch } from "./Swatch";
