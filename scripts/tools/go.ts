import { runTool, type Tool } from './tool.ts';

/** A tool that Go builds from a module, `path@version`: the program lies in the tool's folder. */
export function goTool(name: string, module: string): Tool {
  return {
    name,
    install: async (folder) => {
      await runTool('go', ['install', module], { GOBIN: folder, GOTOOLCHAIN: 'local', GOFLAGS: '-mod=mod' });
    },
  };
}
