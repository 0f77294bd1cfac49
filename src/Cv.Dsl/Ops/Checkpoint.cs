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
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy)
    {
        var again = y.Operands.Select(o => o.Delay(dy)).ToImmutableArray();
        return Reverse.Walk([(Body.Open(again)[0], dy)], again.AsSpan());
    }

    /// <summary>Computes the tangent from operands and tangents, as a checkpoint too.</summary>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents)
    {
        var (arguments, results) = Body.Fresh();
        var moving = Enumerable.Range(0, arguments.Length).Where(i => tangents[i] is not null).ToList();
        var given = moving.Select(i => Argument.Fresh("tangent", arguments[i].Type)).ToImmutableArray();
        if (Forward.Of(results, [.. moving.Select(i => arguments[i])], given)[0] is not { } moved)
            return null;
        var closed = Body.Close(arguments.AddRange(given), [moved]).Body;
        return Expr.Of(new Checkpoint(closed), y.Operands.AddRange(moving.Select(i => tangents[i]!)));
    }

    /// <summary>Computes the batch of the body, as a checkpoint too.</summary>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched)
    {
        var (arguments, results) = Body.Fresh();
        var given = arguments.Select((a, i) => batched[i] ? Argument.Fresh("batch", operands[i].Type) : a).ToImmutableArray();
        var batches = Enumerable.Range(0, given.Length).Where(i => batched[i]).ToDictionary(i => arguments[i], i => given[i]);
        var made = Batching.Walk(results, batches)[0] ?? Batching.Repeat(results[0], Batching.Size(operands, batched));
        return Expr.Of(new Checkpoint(Body.Close(given, [made]).Body), operands);
    }

    /// <summary>Is what the body computes.</summary>
    public override Expr? Expand(Expr y) => Body.Open(y.Operands)[0];

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        var (x, w) = (Expr.Input("x", [2, 3]), Expr.Input("w", [3, 2]));
        return [x.Checkpoint(y => y.MatMul(w).Tanh()), Expr.Checkpoint(xs => (xs[0] * xs[1]).Exp(), x, x + 1f)];
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
        var (body, captured, remembered) = Body.Close(given, [f(xs)]);
        var y = Of(new Checkpoint(body), given.AddRange(captured));
        foreach (var (state, next, _) in remembered)
            y = y.Remember(state, next);
        return y;
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
