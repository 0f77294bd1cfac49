namespace Cv.Dsl;

/// <summary>Holds a function of whole tensors, made by <see cref="Gate.Custom"/>.</summary>
public sealed class TensorGate : Gate
{
    internal TensorGate(TensorRule rule)
        : base(rule.Name) => Rule = rule;

    /// <summary>Gives what was said of the function.</summary>
    public TensorRule Rule { get; }

    /// <inheritdoc/>
    public override int Count => Rule.Count;

    /// <inheritdoc/>
    public override Expr Of(params Expr[] operands)
    {
        CheckCount(operands.Length);
        return Expr.Of(new Custom(Rule), operands);
    }
}

public abstract partial class Gate
{
    /// <summary>Makes a gate of a function of whole tensors.</summary>
    /// <param name="rule">How it is computed and differentiated, in one record.</param>
    /// <example><code>
    /// // the forward pass rounds, the gradient passes as if it did not
    /// var rounded = Gate.Custom(new("rounded") { Forward = x => x[0].Apply(round), Vjp = (y, dy) => [dy] });
    /// </code></example>
    /// <exception cref="GraphException">The rule does not say, or says twice, how the function is computed, or leaves out what that needs.</exception>
    public static TensorGate Custom(TensorRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        string subject = $"gate \"{rule.Name}\"";
        if (rule.Count < 1)
            throw new GraphException($"{subject}: a gate must have an operand at least; got {rule.Count}. What has none is a constant.");
        if (rule.Forward is null == rule.Evaluate is null)
            throw new GraphException(
                $"{subject}: a function of tensors must be computed in one way; got {(rule.Forward is null ? "neither Forward nor Evaluate" : "both Forward and Evaluate")}. Give Forward, a composition, or Evaluate, managed code."
            );
        if (rule.Evaluate is not null && rule.Infer is null)
            throw new GraphException(
                $"{subject}: managed code must say the type of its result; got no Infer. Keep the operand's: Infer = types => types[0]?"
            );
        if (rule.Evaluate is not null && rule.Vjp is null)
            throw new GraphException(
                $"{subject}: managed code must bring its derivative; got no Vjp. Where no gradient flows, say so: Vjp = (y, dy) => [null]?"
            );
        return new(rule);
    }
}
