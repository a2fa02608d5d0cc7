// Data flows one way: a stage imports from the stages to its left, never from those to its right. `agent/*.ts` are the files that wire the stages; `cli` stands on top of everything.

/** Stages that an earlier one may not know. The wire format (`record`) is read by the backend, so it stands before it. */
const ORDER = ['target', 'gobinary', 'probe', 'record', 'backend', 'correlate', 'export'];

const oneWay = ORDER.slice(0, -1).map((stage, index) => ({
  name: `one-way-${stage}`,
  comment: `agent/${stage} may not import from the stages to its right`,
  severity: 'error',
  from: { path: `^agent/${stage}/` },
  to: { path: `^agent/(${ORDER.slice(index + 1).join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...oneWay,
    {
      name: 'wiring-on-top',
      comment: 'a stage may know the pure types of options and views, but not the files that wire the stages',
      severity: 'error',
      from: { path: `^agent/(${ORDER.join('|')})/` },
      to: { path: '^agent/([^/]+\\.ts|session/)', pathNot: '^agent/(options|view)\\.ts$' },
    },
    {
      name: 'agent-not-cli',
      comment: 'the agent does not know its command line',
      severity: 'error',
      from: { path: '^agent/' },
      to: { path: '^cli/' },
    },
    {
      name: 'no-test-code',
      comment: 'what is shipped does not import tests',
      severity: 'error',
      from: { path: '^(agent|cli)/' },
      to: { path: '^test/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      // Types alone may refer to each other within a stage.
      to: { circular: true },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: '(^|/)node_modules/' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['node', 'import', 'default'],
    },
  },
};
