/** Who may break a rule, and why. `item` names the function, where the rule is about one. */
export const PERMISSIONS = [
  {
    rule: 'unsafety',
    path: 'bench/src/floor/system.rs',
    reason: 'the floor is what the system alone costs, so it must not go through media::net',
  },
  {
    rule: 'length',
    path: 'crates/link/proto/link.proto',
    reason: 'the contract between master and node is read as one page; it has no logic that could be apart',
  },
];
