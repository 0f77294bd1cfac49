namespace Cv.Dsl;

/// <summary>
/// Holds a function of one's own as a value, vectorised, fused and differentiable like what the library brings: a scalar function by <c>Gate.Define</c>,
/// one of whole tensors by <c>Gate.Custom</c>.
/// </summary>
/// <example><code>
/// var swish = Gate.Define("swish", x => x / (1 + MathF.Exp(-x)));
/// Expr h = x.MatMul(w).Apply(swish);
/// Model net = Model.Input(784).Dense(256).Then(swish).Dense(10);
/// </code></example>
public abstract partial class Gate
{
    private protected Gate(string name)
    {
        if (string.IsNullOrWhiteSpace(name))
            throw new GraphException(
                "gate: a gate must have a name, for dumps and messages; got none. Give it one: Gate.Define(\"swish\", ...)?"
            );
        Name = name;
    }

    /// <summary>Gives the name that dumps and messages print.</summary>
    public string Name { get; }

    /// <summary>Gives the number of operands.</summary>
    public abstract int Count { get; }

    /// <summary>Applies the gate.</summary>
    /// <example><code>Expr loss = huber.Of(predictions, targets).Mean();</code></example>
    /// <exception cref="ShapeException">The operands do not fit the gate, or each other.</exception>
    public abstract Expr Of(params Expr[] operands);

    /// <summary>Applies a gate of one operand.</summary>
    /// <exception cref="ShapeException">The operand does not fit the gate.</exception>
    public Expr Apply(Expr x) => Of(x);

    internal void CheckCount(int count)
    {
        if (count != Count)
            throw new GraphException(
                $"gate \"{Name}\": there must be as many operands as arguments; got {count} for {Count}. Give {(Count == 1 ? "one" : "all of them")}: gate.Of({string.Join(", ", "abcd"[..Math.Min(4, Count)].ToCharArray())})?"
            );
    }
}

public static partial class Verbs
{
    /// <summary>Applies a gate; what the gate takes besides stands behind it.</summary>
    /// <example><code>Expr h = x.Apply(swish), y = x.Apply(prelu, slope);</code></example>
    /// <exception cref="ShapeException">The operands do not fit the gate, or each other.</exception>
    public static Expr Apply(this Expr x, Gate gate, params Expr[] others) => gate.Of([x, .. others]);

    /// <summary>Appends a gate of one operand.</summary>
    /// <example><code>var model = Model.Input(784).Dense(256).Then(swish).Dense(10);</code></example>
    public static Model Then(this Model model, Gate gate) => model.ThenVerb(gate.Name, x => gate.Of(x));
}
