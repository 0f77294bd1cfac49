namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>Averages the squared differences of predictions and targets over all their elements: mean (p - t)^2, a scalar.</summary>
    /// <example><code>Expr loss = x.MatMul(w).MeanSquaredError(targets);   // f32[N,1], f32[N,1] -> f32[]</code></example>
    /// <exception cref="ShapeException">The two differ in dtype or shape (nothing is broadcast here), or are not f32 or f64.</exception>
    public static Expr MeanSquaredError(this Expr predictions, Expr targets)
    {
        if (predictions.Type != targets.Type || !predictions.DType.IsFloat())
            throw new ShapeException(
                $"mean_squared_error: predictions and targets must be of one type, f32 or f64; got {predictions.Type} and {targets.Type}. Cast or reshape one side."
            );
        return (predictions - targets).Pow(2).Mean();
    }
}
