namespace Cv.Dsl;

/// <summary>
/// Says how a parameter's first value is drawn. The numbers come from a seed, the parameter's name and each element's place alone, so they
/// are the same on every machine, in any order of filling, and do not change when other parameters come or go.
/// </summary>
/// <example><code>Expr w = Expr.Parameter("w", [784, 10], Initialiser.SmallRandom(0.001));</code></example>
public abstract partial record Initialiser
{
    /// <summary>Draws a parameter's first value.</summary>
    /// <param name="values">Receives one number for each element of the shape, row-major.</param>
    /// <param name="shape">The parameter's shape, all dims known; the last dim counts the outputs.</param>
    /// <param name="seed">Chooses the numbers; another seed gives others.</param>
    /// <param name="name">The parameter's name; another name gives other numbers.</param>
    /// <exception cref="ShapeException">There is not one place for each element, or a dim is a symbol.</exception>
    public void Fill(Span<double> values, Shape shape, ulong seed, string name)
    {
        if (values.Length != shape.Size)
            throw new ShapeException(
                $"initialiser: there must be a place for each element; got {values.Length} places for \"{name}\" {shape} ({shape.Size}). Pass a span of {shape.Size}."
            );
        Draw(values, shape, new RandomStream(seed, name));
    }

    /// <summary>Draws the numbers, one for each element, from a stream that is the parameter's own.</summary>
    protected abstract void Draw(Span<double> values, Shape shape, RandomStream random);

    /// <summary>Counts the inputs that one output sees: the product of all dims but the last, and 1 where there are none.</summary>
    protected static double FanIn(Shape shape) => Product(shape, skip: shape.Rank - 1);

    /// <summary>Counts the outputs that one input feeds: the product of all dims but the last but one (which counts the inputs).</summary>
    protected static double FanOut(Shape shape) => Product(shape, skip: shape.Rank - 2);

    static double Product(Shape shape, int skip)
    {
        double product = 1;
        for (int axis = 0; axis < shape.Rank; axis++)
            product *= axis == skip ? 1 : shape[axis].Value;
        return product;
    }

    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public sealed override string ToString() => RecordText.Of(GetType().Name, PrintMembers);
}
