/** A process as the rest of the agent knows it. `pid` and `startTicks` together identify it: pids are reused. */
export interface TargetProcess {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat (proc(5)): clock ticks after boot. */
  readonly startTicks: number;
  /** What /proc/PID/exe points at, for people; open `exePath` to read it. */
  readonly executable: string;
  /** /proc/PID/exe: works across mount namespaces and after the file was replaced. */
  readonly exePath: string;
  readonly command: readonly string[];
  readonly containerId: string | undefined;
  /** Added to a link-time address of the main executable (PIE); 0 otherwise. */
  readonly loadBias: number;
}
