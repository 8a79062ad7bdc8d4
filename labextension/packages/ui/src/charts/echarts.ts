/** The parts of ECharts that are drawn with; nothing else of it is loaded. */
import type { EChartsOption, TooltipComponentOption } from "echarts";
import { LineChart, ParallelChart, ScatterChart } from "echarts/charts";
import { GridComponent, ParallelComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import { init, use, type ECharts } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([CanvasRenderer, GridComponent, LineChart, ParallelChart, ParallelComponent, ScatterChart, TooltipComponent, VisualMapComponent]);

export type { ECharts, EChartsOption as Option, TooltipComponentOption };
export { init };
