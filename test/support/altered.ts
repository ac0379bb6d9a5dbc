/**
 * A part of the program with some of its members replaced, to make it slow or broken where a test wants it
 * so. The original keeps its own `this`, private fields included.
 */
export function altered<Part extends object>(original: Part, changes: Partial<Part>): Part {
  return new Proxy(original, {
    get: (target, name): unknown => {
      const value: unknown = Reflect.get(name in changes ? changes : target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
