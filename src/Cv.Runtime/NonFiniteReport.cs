namespace Cv.Runtime;

/// <summary>Names the first node, in evaluation order, whose value holds a NaN or an infinity.</summary>
/// <param name="Node">The node as dumps print it.</param>
/// <param name="Detail">What was found there: which element, and from what operands.</param>
public sealed record NonFiniteReport(string Node, string Detail);
