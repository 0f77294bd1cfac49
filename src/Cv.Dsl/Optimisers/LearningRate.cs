namespace Cv.Dsl;

/// <summary>Holds the size of an optimiser's steps: a number, or a scalar node for a rate that changes as training goes on.</summary>
/// <example><code>
/// Optimiser.GradientDescent(0.1);
/// Optimiser.GradientDescent(Expr.Input("rate", []));   // given anew at each call
/// </code></example>
public readonly record struct LearningRate
{
    readonly double _value;
    readonly Expr? _node;

    /// <summary>Makes a constant rate.</summary>
    /// <exception cref="GraphException">The rate is negative, NaN or infinite.</exception>
    public LearningRate(double value) =>
        _value =
            double.IsFinite(value) && value >= 0
                ? value
                : throw new GraphException(
                    $"optimiser: the learning rate must be a finite number, at least 0; got {value}. 0.01 is a start."
                );

    /// <summary>Makes a rate that the graph computes.</summary>
    /// <exception cref="ShapeException">The node is not a scalar of f32 or f64.</exception>
    public LearningRate(Expr node) =>
        _node =
            node.Shape.Rank == 0 && node.DType.IsFloat()
                ? node
                : throw new ShapeException(
                    $"optimiser: the learning rate must be a scalar, f32[] or f64[]; got {node.Type}. Reshape or cast it."
                );

    /// <summary>Reads a number as a constant rate.</summary>
    public static implicit operator LearningRate(double value) => new(value);

    /// <summary>Reads a scalar node as a rate.</summary>
    public static implicit operator LearningRate(Expr node) => new(node);

    /// <summary>Gives the rate as a scalar node of the parameter's dtype.</summary>
    public Expr For(Expr parameter) => _node?.Cast(parameter.DType) ?? parameter.Like(_value);

    /// <summary>Prints the number or the node.</summary>
    public override string ToString() => _node?.ToString() ?? $"{_value}";
}
