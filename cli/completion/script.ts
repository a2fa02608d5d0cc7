import type { Command, Option } from 'commander';

/** A completion script made from the command tree, so that it has every command and option. */
export function completionScript(shell: 'bash' | 'zsh' | 'fish', program: Command): string {
  switch (shell) {
    case 'bash':
      return bash(program);
    case 'zsh':
      return zsh(program);
    case 'fish':
      return fish(program);
  }
}

/** Values that an option takes, where they are few. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  '--color': ['auto', 'always', 'never'],
  '--otlp-protocol': ['grpc', 'http/protobuf'],
  '--otlp-compression': ['gzip', 'none'],
  '--backend': ['auto', 'libbpf', 'bpftrace'],
  '--transport': ['auto', 'ring', 'perf'],
};

function valuesOf(command: Command, option: Option): readonly string[] {
  if (option.long !== '--output') return VALUES[option.long ?? ''] ?? [];
  return command.name() === 'attach' ? ['auto', 'live', 'lines', 'json'] : ['text', 'json'];
}

function visible(options: readonly Option[]): Option[] {
  return options.filter((option) => !option.hidden);
}

function flagsOf(options: readonly Option[]): string[] {
  return options.flatMap((option) => [option.short, option.long].filter((flag) => flag !== undefined));
}

/** Pids of the Go processes are asked of the command itself. */
const LIST_PIDS = "httptrace ps 2>/dev/null | awk 'NR > 1 { print $1 }'";

function bash(program: Command): string {
  const names = program.commands.map((command) => command.name());
  const cases = program.commands.map((command) => {
    const words = [...flagsOf(visible(command.options)), ...argumentWords(command)].join(' ');
    const pids = takesPid(command) ? ` $(${LIST_PIDS})` : '';
    return `    ${command.name()}) words="${words}${pids}" ;;`;
  });
  const values = program.commands.flatMap((command) =>
    visible(command.options)
      .filter((option) => valuesOf(command, option).length > 0)
      .map(
        (option) =>
          `    ${command.name()},${flagsOf([option]).join(`|${command.name()},`)}) COMPREPLY=($(compgen -W "${valuesOf(command, option).join(' ')}" -- "$current")); return ;;`,
      ),
  );
  return `# bash completion for httptrace
_httptrace() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command="" word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in ${names.join('|')}) command=$word; break ;; esac
  done
  case "$command,$previous" in
${values.join('\n')}
    *,--loader|*,--config|*,--exe|*,--otlp-ca|*,--otlp-cert|*,--otlp-key) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  case "$command" in
    "") words="${[...names, ...flagsOf(visible(program.options))].join(' ')}" ;;
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _httptrace httptrace`;
}

function zsh(program: Command): string {
  const functions = program.commands.map((command) => {
    const specs = visible(command.options).map((option) => `    ${zshOption(command, option)} \\`);
    const rest = takesPid(command)
      ? `    '*:process:($(${LIST_PIDS.replaceAll("'", "'\\''")}))'`
      : `    '*:argument:(${argumentWords(command).join(' ')})'`;
    return `_httptrace_${command.name()}() {\n  _arguments \\\n${specs.join('\n')}\n${rest}\n}`;
  });
  const list = program.commands.map((command) => `    '${command.name()}:${zshText(command.description())}'`);
  return `#compdef httptrace
${functions.join('\n')}
_httptrace() {
  local -a commands
  commands=(
${list.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
  else
    local command=$words[2]
    shift words
    (( CURRENT-- ))
    (( $+functions[_httptrace_$command] )) && _httptrace_$command
  fi
}
compdef _httptrace httptrace`;
}

function zshOption(command: Command, option: Option): string {
  const flags = flagsOf([option]);
  const names = flags.length > 1 ? `{${flags.join(',')}}` : (flags[0] ?? '');
  const values = valuesOf(command, option);
  const argument = option.required ? `:value:${values.length > 0 ? `(${values.join(' ')})` : '_files'}` : '';
  return `'*'${names}'[${zshText(option.description)}]${argument}'`;
}

function zshText(text: string): string {
  return text.replaceAll("'", "'\\''").replace(/[[\]:]/g, '\\$&');
}

function fish(program: Command): string {
  const lines = program.commands.flatMap((command) => {
    const inside = `complete -c httptrace -n '__fish_seen_subcommand_from ${command.name()}'`;
    return [
      `complete -c httptrace -n __fish_use_subcommand -f -a ${command.name()} -d ${fishText(command.description())}`,
      ...visible(command.options).map((option) => fishOption(inside, command, option)),
      ...(takesPid(command) ? [`${inside} -f -a "(${LIST_PIDS.replaceAll('$1', '\\$1')})"`] : []),
      ...(argumentWords(command).length > 0 ? [`${inside} -f -a '${argumentWords(command).join(' ')}'`] : []),
    ];
  });
  const globals = visible(program.options).map((option) => fishOption('complete -c httptrace', program, option));
  return ['# fish completion for httptrace', ...globals, ...lines].join('\n');
}

function fishOption(prefix: string, command: Command, option: Option): string {
  const short = option.short === undefined ? '' : ` -s ${option.short.slice(1)}`;
  const long = option.long === undefined ? '' : ` -l ${option.long.slice(2)}`;
  const values = valuesOf(command, option);
  const argument = option.required ? (values.length > 0 ? ` -x -a '${values.join(' ')}'` : ' -r') : '';
  return `${prefix}${short}${long}${argument} -d ${fishText(option.description)}`;
}

function fishText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function takesPid(command: Command): boolean {
  return command.registeredArguments.some((argument) => argument.name().startsWith('pid'));
}

function argumentWords(command: Command): readonly string[] {
  return command.registeredArguments.flatMap((argument) => argument.argChoices ?? []);
}
