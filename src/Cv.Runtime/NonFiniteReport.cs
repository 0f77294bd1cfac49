using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>Names the first node, in evaluation order, whose value holds a NaN or an infinity.</summary>
/// <param name="Node">The node as dumps print it.</param>
/// <param name="Detail">What was found there: which element, and from what operands.</param>
/// <param name="Origin">The source line of the node, and of what it is the gradient, if it stands in the backward pass; null where none is known.</param>
public sealed record NonFiniteReport(string Node, string Detail, Origin? Origin = null)
{
    /// <summary>Prints node, line and detail: <c>log : f32[3] (Net.cs:12): element 0 of 3 is -Infinity; ...</c></summary>
    public override string ToString() => $"{Node}{(Origin is null ? "" : $" ({Origin})")}: {Detail}";
}
