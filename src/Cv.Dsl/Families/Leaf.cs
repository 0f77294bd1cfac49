namespace Cv.Dsl;

/// <summary>The family of nodes without operands.</summary>
/// <param name="Type">The dtype and shape of the value.</param>
public abstract record Leaf(TensorType Type) : Op
{
    /// <summary>Gives the declared type.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands) => Type;
}

/// <summary>The family of leaves whose value comes from outside, by name: inputs, parameters and optimiser state.</summary>
/// <param name="Id">The name, unique in a graph.</param>
/// <param name="Type">The dtype and shape of the value.</param>
public abstract record Named(string Id, TensorType Type) : Leaf(Type)
{
    /// <inheritdoc/>
    public override string Attributes => $" \"{Id}\"";

    /// <summary>Has no value of its own: the interpreter takes it from the binding.</summary>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result) =>
        throw new GraphException($"{Name}: the value must come from outside; \"{Id}\" has none in the graph. Bind it at the call.");

    internal static string Check(string kind, string id) =>
        string.IsNullOrWhiteSpace(id)
            ? throw new GraphException($"{kind}: a name must not be empty; got \"{id}\". Name it \"x\", say.")
            : id;
}
