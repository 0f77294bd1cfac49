namespace Cv.Dsl;

/// <summary>
/// Draws orthonormal rows or columns, evenly among all of them, times a gain: keeps the length of what a linear layer passes on, not only its variance on average. Of the matrix
/// [in, out], all dims but the last taken together, the columns are orthonormal if there are no more outputs than inputs, else the rows.
/// </summary>
/// <param name="Gain">The length of each row or column: 1 for linear layers and tanh, the square root of 2 for ReLU.</param>
/// <remarks>
/// Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks" (2014). The vectors are normal numbers made orthonormal by
/// modified Gram-Schmidt, each freed of the others twice ("twice is enough", Giraud, Langou and Rozloznik, 2005); their divisors are positive, as an even draw asks for
/// (Mezzadri, "How to generate random matrices from the classical compact groups", 2007).
/// </remarks>
/// <example><code>var model = Model.Input(784).Dense(256, Initialiser.Orthogonal(Math.Sqrt(2))).Relu().Dense(10);</code></example>
public sealed record OrthogonalInitialiser(double Gain) : Initialiser
{
    /// <inheritdoc/>
    protected override void Draw(Span<double> values, Shape shape, RandomStream random)
    {
        int outputs = shape.Rank == 0 ? 1 : shape[shape.Rank - 1].Value,
            inputs = outputs == 0 ? 0 : values.Length / outputs,
            count = Math.Min(inputs, outputs),
            length = Math.Max(inputs, outputs);
        // the vectors lie one after the other, so that their products walk memory in order
        double[] vectors = new double[count * length];
        for (int i = 0; i < vectors.Length; i++)
            vectors[i] = random.Normal(i);
        for (int i = 0; i < count; i++)
        {
            var vector = vectors.AsSpan(i * length, length);
            for (int pass = 0; pass < 2; pass++)
            for (int before = 0; before < i; before++)
                Free(vector, vectors.AsSpan(before * length, length));
            double norm = Math.Sqrt(Dot(vector, vector));
            foreach (ref double v in vector)
                v /= norm;
        }
        for (int i = 0; i < values.Length; i++)
        {
            var (row, column) = (i / outputs, i % outputs);
            values[i] = Gain * (outputs <= inputs ? vectors[column * length + row] : vectors[row * length + column]);
        }
    }

    /// <summary>Takes from a vector what lies along a unit vector.</summary>
    static void Free(Span<double> vector, ReadOnlySpan<double> unit)
    {
        double along = Dot(vector, unit);
        for (int k = 0; k < vector.Length; k++)
            vector[k] -= along * unit[k];
    }

    static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        // four sums, so that each product need not wait for the one before it
        double s0 = 0,
            s1 = 0,
            s2 = 0,
            s3 = 0;
        int k = 0;
        for (; k + 4 <= a.Length; k += 4)
        {
            s0 += a[k] * b[k];
            s1 += a[k + 1] * b[k + 1];
            s2 += a[k + 2] * b[k + 2];
            s3 += a[k + 3] * b[k + 3];
        }
        for (; k < a.Length; k++)
            s0 += a[k] * b[k];
        return s0 + s1 + (s2 + s3);
    }
}

public abstract partial record Initialiser
{
    /// <inheritdoc cref="OrthogonalInitialiser"/>
    /// <exception cref="GraphException">The gain is not a finite number above 0.</exception>
    public static Initialiser Orthogonal(double gain = 1) =>
        double.IsFinite(gain) && gain > 0
            ? new OrthogonalInitialiser(gain)
            : throw new GraphException(
                $"orthogonal: the gain must be a finite number above 0; got {gain}. 1 is usual, and the square root of 2 before a ReLU."
            );
}
