namespace Cv.Reporting;

/// <summary>Holds a copy of a curve's points. Of two copies with one number of thinnings, the later one begins with the settled points of the earlier one.</summary>
/// <param name="Thinnings">Counts how often the curve gave up half of its detail.</param>
/// <param name="Settled">Counts the points that stay as they are until the next thinning; a last one may still move.</param>
/// <param name="Points">The points.</param>
sealed record CurvePoints(int Thinnings, int Settled, (double X, double Y)[] Points);
