/** Three objects outside every region; clients are sent to the region that two of them name. */
import type { SwitchValue } from '../failover-ports';
import type { World } from './world';

export interface SwitchObjectState {
  readonly name: string;
  value: SwitchValue | 'corrupt';
  silentUntil: number;
}

export class SwitchObjects {
  readonly objects: readonly SwitchObjectState[];
  readonly quorum = 2;

  constructor(
    private readonly world: World,
    home: string,
  ) {
    this.objects = ['one', 'two', 'three'].map((name) => ({ name, value: { active: home, epoch: 1 }, silentUntil: 0 }));
  }

  /** One conditional write. @returns what the object says then; undefined: no answer */
  put(object: SwitchObjectState, active: string, epoch: number): 'pointed' | 'newer' | undefined {
    if (object.silentUntil > this.world.time) return undefined;
    const present = object.value;
    if (present !== 'corrupt' && present.epoch > epoch && !this.world.without('switch-in-any-epoch')) return 'newer';
    object.value = { active, epoch };
    this.world.note(`switch object ${object.name} says ${active} in epoch ${epoch}`);
    return 'pointed';
  }

  /** Where clients are sent; undefined: no two objects agree. */
  active(): string | undefined {
    const said = this.objects.map(({ value }) => (value === 'corrupt' ? undefined : value.active));
    return said.find((name, i) => name !== undefined && said.some((other, j) => j !== i && other === name));
  }
}
