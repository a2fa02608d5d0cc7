/**
 * The container's id from /proc/PID/cgroup (cgroups(7)), versions 1 and 2: the innermost path element that
 * carries 64 hex digits, as Docker, containerd, CRI-O and Podman name them, or an ECS task's 32 digits, dash
 * and number. The monitor processes of CRI-O (`crio-conmon-...`) are not in the container.
 */
export function containerIdFromCgroup(text: string): string | undefined {
  for (const line of text.split('\n').slice(0, 64)) {
    const path = line.split(':').slice(2).join(':');
    for (const element of path.split('/').reverse()) {
      if (element.includes('conmon')) break;
      // containerd without systemd writes `SLICE:cri-containerd:ID`.
      const id = ELEMENT.exec(element.split(':').at(-1) ?? '')?.[1];
      if (id !== undefined) return id;
    }
  }
  return undefined;
}

const ELEMENT = /^(?:[a-z][a-z0-9_-]*-)?([0-9a-f]{64}|[0-9a-f]{32}-\d{1,20})(?:\.scope)?$/;
