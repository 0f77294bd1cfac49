namespace Cv.Dsl;

/// <summary>The family of nodes without operands.</summary>
/// <param name="Type">The dtype and shape of the value.</param>
public abstract record Leaf(TensorType Type) : Op
{
    /// <summary>Gives the declared type.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands) => Type with { DType = Type.DType.Checked() };

    /// <inheritdoc/>
    public override Op Bind(IReadOnlyDictionary<string, int> binding) =>
        Type.Shape.IsKnown ? this : this with { Type = Type with { Shape = Type.Shape.Bind(binding) } };
}

/// <summary>The family of leaves whose value comes from outside, by name: inputs, parameters and states.</summary>
/// <param name="Identity">The layer that the leaf is a part of, or what its chosen name stands for. Leaves are equal by it, not by the name that it has or will have.</param>
/// <param name="Part">What stands behind the layer's name: ".w"; nothing where the name was chosen whole.</param>
/// <param name="Type">The dtype and shape of the value.</param>
public abstract record Named(Identity Identity, string Part, TensorType Type) : Leaf(Type)
{
    string? _id;

    /// <summary>Copies a leaf; the copy, whose identity may be changed, finds its name by itself.</summary>
    protected Named(Named original)
        : base(original) => (Identity, Part) = (original.Identity, original.Part);

    /// <summary>Gives the name, unique in a graph; "dense?.w" as long as the layer has none, which a graph or a model gives it.</summary>
    public string Id => _id ?? (Identity.Name is { } name ? _id = Part.Length == 0 ? name : name + Part : Identity + Part);

    /// <inheritdoc/>
    public override string Attributes => $" \"{Id}\"";

    /// <summary>Compares identity, part and type.</summary>
    public virtual bool Equals(Named? other) =>
        base.Equals(other) && Identity.Equals(other.Identity) && string.Equals(Part, other.Part, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(base.GetHashCode(), Identity, Part);

    /// <summary>Has no value of its own: the interpreter takes it from the binding.</summary>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result) =>
        throw new GraphException($"{Name}: the value must come from outside; \"{Id}\" has none in the graph. Bind it at the call.");

    internal static string Check(string kind, string id) =>
        string.IsNullOrWhiteSpace(id)
            ? throw new GraphException($"{kind}: a name must not be empty; got \"{id}\". Name it \"x\", say.")
            : id;
}
