namespace Cv.Dsl;

/// <summary>Reports a mistake of the graph's author; the message states the rule, the facts and the fix.</summary>
public class GraphException : Exception
{
    /// <summary>Makes the error with its message.</summary>
    public GraphException(string message)
        : base(message) { }
}

/// <summary>Reports shapes or dtypes that do not fit, thrown at the line that builds the node.</summary>
public sealed class ShapeException : GraphException
{
    /// <summary>Makes the error with its message.</summary>
    public ShapeException(string message)
        : base(message) { }
}
