using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Applies a function of whole tensors that somebody brought along: the op of every <see cref="TensorGate"/>, by whose name it goes.</summary>
/// <param name="Rule">The function and its derivatives.</param>
/// <remarks>A composition expands into its parts; managed code runs as it is, at every call.</remarks>
public sealed record Custom(TensorRule Rule) : Op
{
    /// <inheritdoc/>
    public override string Name => Rule?.Name ?? "custom";

    /// <summary>Gives what the rule says, or the type of the composition.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        if (Rule.Forward is null)
            return Rule.Infer!([.. operands]);
        var places = Places(operands);
        var made =
            Rule.Forward(places)
            ?? throw new GraphException(
                $"gate \"{Name}\": Forward must give a node of its operands; got null. Compose one, or give Evaluate."
            );
        foreach (var leaf in Expr.Nodes(made))
            if (leaf.Op is Named && !places.Contains(leaf))
                throw new GraphException(
                    $"gate \"{Name}\": a composition must be made of its operands alone; got {leaf}. Make it an operand: Count = {Rule.Count + 1}?"
                );
        return made.Type;
    }

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        if (Rule.Evaluate is { } evaluate)
        {
            double[]? made = evaluate(y, operands.ToArray());
            if (made is null || made.Length != result.Length)
                throw new GraphException(
                    $"gate \"{Name}\": Evaluate must give each element of its result, {y.Type}; got {(made is null ? "null" : $"{made.Length} of {result.Length}")}. Make an array of y.Shape.Size."
                );
            made.CopyTo(result);
            return;
        }
        var places = Places([.. y.Operands.Select(o => o.Type)]);
        var values = new Dictionary<Expr, double[]>();
        for (int i = 0; i < places.Length; i++)
            values[places[i]] = operands[i];
        var last = Rule.Forward!(places);
        foreach (var e in Expr.Nodes(last))
        {
            if (values.ContainsKey(e))
                continue;
            double[] value = values[e] = new double[e.Shape.Size];
            e.Op.Evaluate(e, e.Operands.Select(o => values[o]).ToArray(), value);
            e.DType.Round(value);
        }
        values[last].CopyTo(result);
    }

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy)
    {
        if (Rule.Vjp is { } vjp)
            return Checked(vjp(y, dy));
        return [.. OfComposition(y, dy, null).Select(f => f.Flow)];
    }

    /// <inheritdoc/>
    internal override ImmutableArray<(Expr? Flow, Expr? Mask)>? VjpOfBody(Expr y, Expr dy, Masks masks) =>
        Rule.Vjp is null ? OfComposition(y, dy, masks.Of(y)) : null;

    /// <inheritdoc/>
    internal override (Expr? Tangent, ImmutableArray<Expr?> Masks)? JvpOfBody(
        Expr y,
        ImmutableArray<Expr?> tangents,
        ImmutableArray<Expr?> masks
    ) => Rule.Jvp is null && Rule.Vjp is null && !Rule.IsLinear ? OfComposition(y, tangents, masks) : null;

    /// <summary>Is the rule's own, the function itself where that is linear, that of its composition, or the transpose of its vjp.</summary>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents)
    {
        if (Rule.Jvp is { } jvp)
            return jvp(y, tangents);
        if (tangents.All(t => t is null))
            return null;
        if (Rule.IsLinear)
            return y.With([.. tangents.Select((t, i) => t ?? y.Operands[i].Like(0).BroadcastTo(y.Operands[i].Shape))]);
        return Rule.Vjp is null ? OfComposition(y, tangents, [.. new Expr?[tangents.Length]]).Tangent : Transposed(y, tangents);
    }

    /// <inheritdoc/>
    public override Expr? Expand(Expr y) => Rule.Forward?.Invoke(y.Operands);

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        var (a, b) = (Expr.Input("a", [2, 3], DType.F64), Expr.Input("b", [2, 3], DType.F64));
        var bent = Gate.Custom(new("bent", 2) { Forward = x => (x[0] * x[1].Tanh()).Sum([1], keepDims: true) });
        var doubled = Gate.Custom(
            new("doubled")
            {
                Infer = static types => types[0],
                Evaluate = static (y, x) => [.. x[0].Select(v => 2 * v)],
                Vjp = static (y, dy) => [2.0 * dy],
                IsLinear = true,
            }
        );
        return [bent.Of(a, b), doubled.Of(a)];
    }

    // by places: an operand may be made of another one, and that is the caller's to differentiate
    ImmutableArray<(Expr? Flow, Expr? Mask)> OfComposition(Expr y, Expr dy, Expr? mask)
    {
        var places = Places([.. y.Operands.Select(o => o.Type)]);
        var flows = Reverse.WalkMasked([(Rule.Forward!(places), dy, mask)], places.AsSpan());
        return
        [
            .. flows.Select(f =>
                (f.Flow is null ? null : Filled(f.Flow, places, y.Operands), f.Mask is null ? null : Filled(f.Mask, places, y.Operands))
            ),
        ];
    }

    (Expr? Tangent, ImmutableArray<Expr?> Masks) OfComposition(Expr y, ImmutableArray<Expr?> tangents, ImmutableArray<Expr?> masks)
    {
        var places = Places([.. y.Operands.Select(o => o.Type)]);
        var moved = Enumerable.Range(0, tangents.Length).Where(i => tangents[i] is not null).ToArray();
        var (change, mask) = Forward.Masked(
            [Rule.Forward!(places)],
            [.. moved.Select(i => places[i])],
            [.. moved.Select(i => tangents[i]!)],
            [.. moved.Select(i => masks[i])]
        )[0];
        return (change is null ? null : Filled(change, places, y.Operands), [mask is null ? null : Filled(mask, places, y.Operands)]);
    }

    /// <summary>Transposes what is linear in the cotangent u: the gradient by u of sum_i tangent_i vjp_i(u).</summary>
    Expr? Transposed(Expr y, ImmutableArray<Expr?> tangents)
    {
        var u = Argument.Fresh("cotangent", y.Type);
        var flows = Checked(Rule.Vjp!(y, u));
        Expr? sum = null;
        for (int i = 0; i < flows.Length; i++)
            if (flows[i] is { } flow && tangents[i] is { } dx && (flow * dx).Sum() is var part)
                sum = sum is null ? part : sum + part;
        return sum is null ? null : Reverse.Walk([(sum, sum.Like(1))], [u])[0];
    }

    ImmutableArray<Expr?> Checked(ImmutableArray<Expr?> flows) =>
        !flows.IsDefault && flows.Length == Rule.Count
            ? flows
            : throw new GraphException(
                $"gate \"{Name}\": Vjp must give a cotangent, or null, for each operand; got {(flows.IsDefault ? "none" : $"{flows.Length}")} for {Rule.Count}. One for each, in order."
            );

    /// <summary>Makes nodes to compose the function of. No other node is one of them: a cotangent may be made of the places of a gate around this one.</summary>
    static ImmutableArray<Expr> Places(ReadOnlySpan<TensorType> types)
    {
        var places = ImmutableArray.CreateBuilder<Expr>(types.Length);
        foreach (var type in types)
            places.Add(Argument.Fresh("operand", type));
        return places.MoveToImmutable();
    }

    static Expr Filled(Expr e, ImmutableArray<Expr> places, ImmutableArray<Expr> operands) =>
        e.Substitute(places.Zip(operands).ToDictionary(p => p.First, p => p.Second));
}
