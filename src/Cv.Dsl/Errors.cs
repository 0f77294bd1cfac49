namespace Cv.Dsl;

/// <summary>
/// Reports a mistake of the graph's author; the message states the rule, the facts and the fix, and where: <c>(at Net.cs:12; operands from Net.cs:8)</c>.
/// </summary>
public class GraphException : Exception
{
    readonly Origin? _at = Origins.OfCaller();
    readonly Origin? _working = Origins.Inherited;
    Origin?[] _nodes = [];
    string _role = "nodes";

    /// <summary>Makes the error with its message; where the program stood is found on the stack.</summary>
    public GraphException(string message)
        : base(ErrorText.Bounded(message)) { }

    /// <summary>Makes the error with its message and the nodes that it is about, whose lines it names too.</summary>
    public GraphException(string message, params Expr[] nodes)
        : base(ErrorText.Bounded(message)) => _nodes = OriginsOf(nodes);

    /// <summary>Gives rule, facts and fix, without the lines.</summary>
    public string Text => base.Message;

    /// <summary>Gives rule, facts and fix, and the lines.</summary>
    public override string Message => Text + Lines();

    /// <summary>Notes the operands that did not fit, if the error names no nodes yet; always false, to stand in a filter, where it leaves the stack as it is.</summary>
    internal bool Concerns(ReadOnlySpan<Expr> nodes)
    {
        if (_nodes.Length == 0)
            (_nodes, _role) = (OriginsOf(nodes), "operands");
        return false;
    }

    static Origin?[] OriginsOf(ReadOnlySpan<Expr> nodes)
    {
        var origins = new Origin?[nodes.Length];
        for (int i = 0; i < origins.Length; i++)
            origins[i] = nodes[i].Origin;
        return origins;
    }

    string Lines()
    {
        var lines = new List<string>();
        if (_at is not null)
            lines.Add($"at {_at}");
        if (_working is not null && _working.ToString() != _at?.ToString())
            lines.Add($"working on {_working}");
        var others = _nodes.OfType<Origin>().Select(o => o.ToString()).Distinct().Where(o => o != _at?.ToString()).ToList();
        if (others.Count > 0)
            lines.Add($"{_role} from {ErrorText.List(others, " and ")}");
        return lines.Count == 0 ? "" : $" ({string.Join("; ", lines)})";
    }
}

/// <summary>Reports shapes or dtypes that do not fit, thrown at the line that builds the node.</summary>
public sealed class ShapeException : GraphException
{
    /// <summary>Makes the error with its message.</summary>
    public ShapeException(string message)
        : base(message) { }
}
