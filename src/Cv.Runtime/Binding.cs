namespace Cv.Runtime;

/// <summary>Gives an input its value for one call.</summary>
/// <param name="Name">The input's name.</param>
/// <param name="Value">The value; its extents bind the input's symbols.</param>
/// <example><code>var outputs = function.Call(state, new Binding("x", images), new Binding("labels", labels));</code></example>
public readonly record struct Binding(string Name, Tensor Value);
