using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Computes a body of its operands, and keeps nothing of its inside for the backward pass: that computes it again from the operands, when its cotangent is there. Values and
/// gradients keep their bits; the peak of memory falls, and the forward pass of the body is paid twice.
/// </summary>
/// <param name="Body">The function.</param>
/// <remarks>Chen, Xu, Zhang and Guestrin, "Training Deep Nets with Sublinear Memory Cost" (2016).</remarks>
public sealed record Checkpoint(Body Body) : Closure(Body)
{
    /// <summary>Checks the operands against the body.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        Check(operands, i => Body.Arguments[i].Type);
        return Body.Results[0].Type;
    }

    /// <inheritdoc/>
    internal override void Run(double[][] operands, double[] result, Action<string, Expr, double[][], double[]>? seen) =>
        Body.Run(operands, seen is null ? null : (e, from, value) => seen("in a checkpoint", e, from, value))[0].CopyTo(result, 0);

    /// <summary>Builds the body anew on operands that wait for the cotangent, and takes it back from there.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [.. Back(y, dy, null).Select(f => f.Flow)];

    /// <inheritdoc/>
    internal override ImmutableArray<(Expr? Flow, Expr? Mask)>? VjpOfBody(Expr y, Expr dy, Masks masks) => Back(y, dy, masks.Of(y));

    ImmutableArray<(Expr? Flow, Expr? Mask)> Back(Expr y, Expr dy, Expr? mask)
    {
        var again = y.Operands.Select(o => o.Delay(dy)).ToImmutableArray();
        var flows = Reverse.WalkMasked([(Body.Open(again)[0], dy, mask)], again.AsSpan());
        // a rewrite may have made two operands one node: it has one cotangent, that of all its uses
        return [.. flows.Select((flow, i) => again.IndexOf(again[i]) == i ? flow : default)];
    }

    /// <summary>Computes the tangent from operands and tangents, as a checkpoint too.</summary>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) =>
        JvpOfBody(y, tangents, [.. new Expr?[tangents.Length]])!.Value.Tangent;

    /// <inheritdoc/>
    internal override (Expr? Tangent, ImmutableArray<Expr?> Masks)? JvpOfBody(
        Expr y,
        ImmutableArray<Expr?> tangents,
        ImmutableArray<Expr?> masks
    )
    {
        var (arguments, results) = Body.Fresh();
        var moving = Enumerable.Range(0, arguments.Length).Where(i => tangents[i] is not null).ToList();
        var given = moving.Select(i => Argument.Fresh("tangent", arguments[i].Type)).ToImmutableArray();
        var places = moving.Select(i => masks[i] is { } mask ? Argument.Fresh("mask", mask.Type) : null).ToImmutableArray();
        var (moved, place) = Forward.Masked(results, [.. moving.Select(i => arguments[i])], given, places)[0];
        if (moved is null)
            return (null, [null]);
        var known = places.OfType<Expr>().ToImmutableArray();
        var values = moving.Select(i => masks[i]).OfType<Expr>().ToImmutableArray();
        ImmutableArray<Expr> operands = [.. y.Operands, .. moving.Select(i => tangents[i]!), .. values];
        var outside = arguments.Concat(given).Concat(known).Zip(operands).ToDictionary(p => p.First, p => p.Second);
        return (Of([.. arguments, .. given, .. known], moved, operands), [place?.Substitute(outside)]);
    }

    /// <summary>Computes the batch of the body, as a checkpoint too.</summary>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched)
    {
        var (arguments, results) = Body.Fresh();
        var given = arguments.Select((a, i) => batched[i] ? Argument.Fresh("batch", operands[i].Type) : a).ToImmutableArray();
        var batches = Enumerable.Range(0, given.Length).Where(i => batched[i]).ToDictionary(i => arguments[i], i => given[i]);
        var made = Batching.Walk(results, batches)[0] ?? Batching.Repeat(results[0], Batching.Size(operands, batched));
        return Of(given, made, operands);
    }

    /// <summary>Is what the body computes.</summary>
    public override Expr? Expand(Expr y) => Body.Open(y.Operands)[0];

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        var (x, w) = (Expr.Input("x", [2, 3]), Expr.Input("w", [3, 2]));
        return [x.Checkpoint(y => y.MatMul(w).Tanh()), Expr.Checkpoint(xs => (xs[0] * xs[1]).Exp(), x, x + 1f)];
    }

    /// <summary>Makes the checkpoint of what is made of some nodes, on their values; what else it is made of comes in as further operands.</summary>
    /// <param name="arguments">The nodes that the function starts from.</param>
    /// <param name="result">What is made of them.</param>
    /// <param name="operands">The values of the nodes.</param>
    internal static Expr Of(ImmutableArray<Expr> arguments, Expr result, ImmutableArray<Expr> operands)
    {
        var (body, captured, remembered) = Body.Close(arguments, [result]);
        var y = Expr.Of(new Checkpoint(body), operands.AddRange(captured));
        foreach (var (state, next, _) in remembered)
            y = y.Remember(state, next);
        return y;
    }
}

public sealed partial class Expr
{
    /// <inheritdoc cref="Dsl.Checkpoint"/>
    /// <param name="f">The function. What else it takes from outside, weights say, is kept as its operands are.</param>
    /// <param name="xs">The operands.</param>
    /// <example><code>Expr h = Expr.Checkpoint(v => Attention(v[0], v[1], v[2]), q, k, values);</code></example>
    public static Expr Checkpoint(Func<Expr[], Expr> f, params Expr[] xs)
    {
        ImmutableArray<Expr> given = [.. xs.Distinct()];
        return Dsl.Checkpoint.Of(given, f(xs), given);
    }
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Checkpoint"/>
    /// <param name="x">The operand.</param>
    /// <param name="f">The function, a block of layers say. What it takes from outside is kept as its operand is.</param>
    /// <example><code>Expr h = x.Checkpoint(v => v.Dense(256).Relu().Dense(256).Relu());</code></example>
    public static Expr Checkpoint(this Expr x, Func<Expr, Expr> f) => Expr.Checkpoint(v => f(v[0]), x);

    /// <inheritdoc cref="Checkpoint(Expr, Func{Expr, Expr})"/>
    /// <param name="model">The model so far.</param>
    /// <param name="f">The function, a block of layers say.</param>
    public static Model Checkpoint(this Model model, Func<Expr, Expr> f) => model.ThenVerb("checkpoint", x => x.Checkpoint(f));
}
