namespace Cv.Practice;

/// <summary>Factors small symmetric matrices: A = L L^T, L lower triangular (Golub and Van Loan, "Matrix Computations", algorithm 4.2.1).</summary>
static class Cholesky
{
    /// <summary>Gives L; null where the matrix is not positive definite, as far as f64 can tell.</summary>
    public static double[,]? Factor(double[,] a)
    {
        int n = a.GetLength(0);
        var l = new double[n, n];
        for (int j = 0; j < n; j++)
        {
            double pivot = a[j, j] - Dot(l, j, l, j, j);
            if (!(pivot > 0))
                return null;
            l[j, j] = Math.Sqrt(pivot);
            for (int i = j + 1; i < n; i++)
                l[i, j] = (a[i, j] - Dot(l, i, l, j, j)) / l[j, j];
        }
        return l;
    }

    /// <summary>Gives the inverse of a lower triangular matrix, column by column.</summary>
    public static double[,] InverseOf(double[,] l)
    {
        int n = l.GetLength(0);
        var inverse = new double[n, n];
        for (int column = 0; column < n; column++)
        for (int i = column; i < n; i++)
        {
            double sum = i == column ? 1 : 0;
            for (int k = column; k < i; k++)
                sum -= l[i, k] * inverse[k, column];
            inverse[i, column] = sum / l[i, i];
        }
        return inverse;
    }

    static double Dot(double[,] a, int i, double[,] b, int j, int count)
    {
        double sum = 0;
        for (int k = 0; k < count; k++)
            sum += a[i, k] * b[j, k];
        return sum;
    }
}
